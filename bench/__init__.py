"""What Demarc costs: exact counts of AWS calls and units, and CPU as ratios in interleaved runs.

units      DynamoDB's documented sizes and units, pure
meter      every AWS call of this process: counted, recorded, played back
world      an invented ISP, its usage and its bills, on moto, recorded once
naive      the designs that Demarc is compared with, written as well as they can be
counts     calls, bytes and units per 1,000 records, per invoice, per webhook: asserted by tests
speed      CPU: each thing against a floor or against its naive twin, in turns
costs      a month on AWS, from the counts and a dated table of public prices
emulator   the units once more, as the emulator reports them

Counts are the same on every machine. Times are not: only their ratios are meant to be read.
"""

import os

for name, value in {
    "USAGE_TABLE": "demarc-usage-bench",
    "LEDGER_TABLE": "demarc-ledger-bench",
    "ACCOUNTS_TABLE": "demarc-accounts-bench",
    "DOCUMENTS_BUCKET": "demarc-documents-bench",
    "ARCHIVE_BUCKET": "demarc-archive-bench",
    "STAGE": "bench",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "demarc-bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Demarc",
    "COLLECTOR_KEYS_SECRET": "demarc/bench/collector-keys",
    "PAY_TOKEN_SECRET": "demarc/bench/pay-token",
    "PORTAL_URL": "http://127.0.0.1:8080",
}.items():
    os.environ.setdefault(name, value)
