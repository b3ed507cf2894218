"""Who gets which answer at which address: the whole of it, written by hand, to be read.

The columns of the console:
  unproven   no token, or one that proves nothing (see `proofs.unproven`), a customer's token, and
             the good token of somebody whom the staff's pool has disabled
  stranger   a member of the staff's pool without any of our roles
  auditor, support, billing
The columns of the portal:
  unproven   as above; here also a login that was ended, and the token of staff
  own        the customer whose account, bill, service or pay link it is
  other      another customer, asking for the same things

Each request is one that succeeds for whoever may ask it. 303 of a page that is asked for by nobody
leads to the sign-in page. A pay link is its own right, so it answers alike to everybody.
"""

# ruff: noqa: E501 - one line a route

CONSOLE = """
                                                                  unproven stranger auditor support billing
GET   /v1/parties/<party_id>                                           401      403     200     200     200
POST  /v1/parties                                                      401      403     403     201     201
PATCH /v1/parties/<party_id>                                           401      403     403     200     200
GET   /v1/accounts                                                     401      403     200     200     200
POST  /v1/accounts                                                     401      403     403     201     201
GET   /v1/accounts/<account_id>                                        401      403     200     200     200
PATCH /v1/accounts/<account_id>                                        401      403     403     200     200
GET   /v1/accounts/<account_id>/timeline                               401      403     200     200     200
POST  /v1/accounts/<account_id>/notes                                  401      403     403     201     201
GET   /v1/accounts/<account_id>/logins                                 401      403     200     200     200
POST  /v1/accounts/<account_id>/logins                                 401      403     403     201     201
POST  /v1/accounts/<account_id>/logins/<subject>/end                   401      403     403     200     200
POST  /v1/accounts/<account_id>/services                               401      403     403     201     201
GET   /v1/accounts/<account_id>/services/<service_id>                  401      403     200     200     200
PATCH /v1/accounts/<account_id>/services/<service_id>                  401      403     403     200     200
POST  /v1/accounts/<account_id>/services/<service_id>/identities       401      403     403     201     201
POST  /v1/accounts/<account_id>/services/<service_id>/identities/end   401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions                          401      403     403     201     201
GET   /v1/accounts/<account_id>/subscriptions/<subscription_id>        401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/preview                  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-change  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-quantity  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-override  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-pause  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-resume  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-withdraw  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-end  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-purchase  401      403     200     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/change  401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/quantity  401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/pause  401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/resume  401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/withdraw  401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/end    401      403     403     200     200
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/purchases  401      403     403     201     201
POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/override  401      403     403     403     200
POST  /v1/imports                                                      401      403     403     201     201
GET   /v1/imports/<import_id>                                          401      403     200     200     200
GET   /v1/offerings                                                    401      403     200     200     200
GET   /v1/offerings/<offering_id>                                      401      403     200     200     200
POST  /v1/offerings/take-over                                          401      403     403     403     201
POST  /v1/offerings/<offering_id>/versions                             401      403     403     403     201
POST  /v1/offerings/<offering_id>/preview-rise                         401      403     200     200     200
POST  /v1/offerings/<offering_id>/rise                                 401      403     403     403     200
POST  /v1/what-if                                                      401      403     200     200     200
GET   /v1/invoices                                                     401      403     200     200     200
POST  /v1/invoices                                                     401      403     403     403     201
GET   /v1/invoices/overdue                                             401      403     200     200     200
GET   /v1/invoices/<invoice_id>                                        401      403     200     200     200
GET   /v1/invoices/<invoice_id>/explanation                            401      403     200     200     200
GET   /v1/invoices/<invoice_id>/pdf                                    401      403     200     200     200
GET   /v1/payments                                                     401      403     200     200     200
GET   /v1/payments/held                                                401      403     200     200     200
GET   /v1/usage                                                        401      403     200     200     200
GET   /v1/usage/unbilled                                               401      403     200     200     200
GET   /v1/suspense                                                     401      403     200     200     200
POST  /v1/suspense/<record_id>/recycle                                 401      403     403     403     202
GET   /v1/bill-runs                                                    401      403     200     200     200
POST  /v1/bill-runs                                                    401      403     403     403     202
GET   /v1/bill-runs/<run_id>                                           401      403     200     200     200
POST  /v1/bill-runs/<run_id>/prepare                                   401      403     403     403     202
POST  /v1/bill-runs/<run_id>/approve                                   401      403     403     403     202
POST  /v1/bill-runs/<run_id>/issue                                     401      403     403     403     202
POST  /v1/bill-runs/<run_id>/supplementary                             401      403     403     403     202
GET   /                                                                303      403     303     303     303
GET   /console                                                         303      403     200     200     200
GET   /console/customers                                               303      403     200     200     200
GET   /console/customers/<account_id>                                  303      403     200     200     200
GET   /console/customers/<account_id>/usage                            303      403     200     200     200
GET   /console/customers/<account_id>/plans/<subscription_id>          303      403     200     200     200
GET   /console/customers/<account_id>/subscriptions/<subscription_id>  303      403     200     200     200
GET   /console/customers/<account_id>/allowances                       303      403     200     200     200
GET   /console/customers/<account_id>/plans/<subscription_id>/price    303      403     403     403     200
POST  /console/customers/<account_id>/plans/<subscription_id>/price    401      403     403     403     303
GET   /console/customers/new                                           303      403     403     200     200
POST  /console/customers/new                                           401      403     403     303     303
GET   /console/customers/import                                        303      403     403     200     200
POST  /console/customers/import                                        401      403     403     303     303
GET   /console/customers/<account_id>/edit                             303      403     403     200     200
POST  /console/customers/<account_id>/edit                             401      403     403     303     303
POST  /console/customers/<account_id>/notes                            401      403     403     303     303
GET   /console/customers/<account_id>/services/new                     303      403     403     200     200
POST  /console/customers/<account_id>/services/new                     401      403     403     303     303
GET   /console/customers/<account_id>/services/<service_id>/identities 303      403     403     200     200
POST  /console/customers/<account_id>/services/<service_id>/identities 401      403     403     303     303
POST  /console/customers/<account_id>/services/<service_id>/identities/end 401  403     403     303     303
GET   /console/customers/<account_id>/services/<service_id>/plan       303      403     403     200     200
POST  /console/customers/<account_id>/services/<service_id>/plan       401      403     403     303     303
POST  /console/customers/<account_id>/logins                           401      403     403     303     303
POST  /console/customers/<account_id>/logins/<subject>/end             401      403     403     303     303
POST  /console/customers/<account_id>/plans/<subscription_id>          401      403     403     303     303
GET   /console/customers/<account_id>/invoices/new                     303      403     403     403     200
POST  /console/customers/<account_id>/invoices/new                     401      403     403     403     303
GET   /console/plans                                                   303      403     200     200     200
POST  /console/plans                                                   401      403     403     403     303
GET   /console/plans/<offering_id>/rise                                303      403     403     403     200
POST  /console/plans/<offering_id>/rise                                401      403     403     403     303
GET   /console/what-if                                                 303      403     200     200     200
POST  /console/what-if                                                 401      403     200     200     200
GET   /console/bill-runs                                               303      403     200     200     200
POST  /console/bill-runs                                               401      403     403     403     303
GET   /console/bill-runs/<run_id>                                      303      403     200     200     200
GET   /console/bill-runs/<run_id>/drafts/<account_id>                  303      403     200     200     200
POST  /console/bill-runs/<run_id>/prepare                              401      403     403     403     303
POST  /console/bill-runs/<run_id>/approve                              401      403     403     403     303
POST  /console/bill-runs/<run_id>/issue                                401      403     403     403     303
POST  /console/bill-runs/<run_id>/supplementary                        401      403     403     403     303
GET   /console/invoices/<invoice_id>                                   303      403     200     200     200
GET   /console/invoices/<invoice_id>/pdf                               303      403     200     200     200
GET   /console/suspense                                                303      403     200     200     200
POST  /console/suspense/<record_id>/recycle                            401      403     403     403     303
GET   /signin                                                          200      200     200     200     200
POST  /signin                                                          401      401     401     401     401
POST  /signout                                                         303      303     303     303     303
GET   /static/<name>                                                   200      200     200     200     200
GET   /static/vendor/<name>                                            200      200     200     200     200
"""

PORTAL = """
                                         unproven own other
GET   /v1/accounts                            401 200   200
GET   /v1/accounts/<account_id>               401 200   404
GET   /v1/invoices                            401 200   404
GET   /v1/invoices/<invoice_id>               401 200   404
GET   /v1/invoices/<invoice_id>/explanation   401 200   404
GET   /v1/invoices/<invoice_id>/pdf           401 200   404
GET   /v1/payments                            401 200   404
GET   /v1/usage                               401 200   404
GET   /                                       303 200   200
GET   /bills                                  303 200   200
GET   /bills/<invoice_id>                     303 200   404
GET   /bills/<invoice_id>/pdf                 303 200   404
GET   /usage                                  303 200   200
GET   /usage/<service_id>                     303 200   404
GET   /allowances                             303 200   200
GET   /pay/<token>                            200 200   200
POST  /pay/<token>                            303 303   303
GET   /paid/<token>                           200 200   200
GET   /signin                                 200 200   200
POST  /signin                                 401 401   401
POST  /signout                                303 303   303
GET   /static/<name>                          200 200   200
GET   /static/vendor/<name>                   200 200   200
"""


def read(table: str) -> dict[tuple[str, str], dict[str, int]]:
    """(method, address) → column → status."""
    head, *lines = table.strip("\n").splitlines()
    columns = head.split()
    return {
        (method, rule): dict(zip(columns, map(int, statuses), strict=True))
        for method, rule, *statuses in map(str.split, lines)
    }
