"""Names of resources as a reader knows them, for those that CloudFormation will make up.

    {"Fn::GetAtt": ["DataLedgerDBC368C7", "Arn"]}            <DataLedger.Arn>
    the same, read from the stack that has it                <DataLedger.Arn>
    {"Fn::Join": ["", [that, "/runs/*"]]}                    <DataLedger.Arn>/runs/*

The CDK's hash, the account and the region are left out: they say nothing, and a review would
change with them.
"""

import json
import re
from typing import Any

HASH = r"[0-9A-F]{8}"
OUTPUT = re.compile(rf"PublishOutput(?:Ref(\w+?){HASH}|FnGetAtt(\w+?{HASH})(\w+?)){HASH}")
PSEUDO = {
    "AWS::AccountId": "<account>",
    "AWS::Partition": "aws",
    "AWS::Region": "<region>",
    "AWS::URLSuffix": "amazonaws.com",
}


def words(value: Any) -> str:
    """A value of a template, with its references by name."""
    if not isinstance(value, dict):
        return _place(str(value))
    [(kind, given)] = value.items()
    match kind:
        case "Ref":
            return PSEUDO.get(given) or f"<{bare(given)}>"
        case "Fn::GetAtt":
            return f"<{bare(given[0])}.{given[1]}>"
        case "Fn::GetStackOutput":
            return _of_another_stack(given["OutputName"])
        case "Fn::Join":
            return _place(given[0].join(words(part) for part in given[1]))
        case "Fn::Select" if given[0] == 6 and "Fn::Split" in given[1]:
            return words(given[1]["Fn::Split"][1]).replace(">", ".Name>")  # the end of its ARN
        case _:
            return json.dumps(value, sort_keys=True)


def finding(rule: str) -> str:
    """A finding's name, in which cdk-nag writes references as JSON or as <LogicalId.Attribute>."""
    decoder, told, at = json.JSONDecoder(), "", 0
    while (start := rule.find("{", at)) >= 0:
        value, end = decoder.raw_decode(rule, start)
        told, at = told + rule[at:start] + words(value), end
    told = re.sub(rf"<(\w+?){HASH}(?=[.>])", r"<\1", told + rule[at:])
    for pseudo, name in PSEUDO.items():
        told = told.replace(f"<{pseudo}>", name)
    return _place(told)


def bare(logical_id: str) -> str:
    """A logical id without the hash that the CDK ends it with."""
    return re.sub(f"{HASH}$", "", logical_id)


def _of_another_stack(output: str) -> str:
    found = OUTPUT.fullmatch(output)
    if found is None:
        return f"<{output}>"
    reference, holder, attribute = found.groups()
    return f"<{bare(reference)}>" if reference else f"<{bare(holder)}.{attribute}>"


def _place(text: str) -> str:
    """Without the account and the region that a review is made for."""
    text = re.sub(r"(?<=[:.])[a-z]{2}-[a-z]+-\d(?=[:.])", "<region>", text)
    return re.sub(r"(?<![0-9])\d{12}(?![0-9])", "<account>", text)
