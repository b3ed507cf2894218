"""Who may open which page: the same table as the JSON API's, for addresses that answer HTML."""

from functions.portal_api.access import BILLERS, CUSTOMERS, EDITORS, PUBLIC, READERS, Access, table

COMMON = table(
    {
        Access(PUBLIC): """
            GET  /signin
            GET  /static/<name>
            GET  /static/vendor/<name>
        """,
        Access(PUBLIC, writes=True): """
            POST /signin
            POST /signout
        """,
    }
)

STAFF_PAGES = COMMON | table(
    {
        Access(READERS): """
            GET  /
            GET  /console
            GET  /console/customers
            GET  /console/customers/<account_id>
            GET  /console/customers/<account_id>/usage
            GET  /console/customers/<account_id>/plans/<subscription_id>
            GET  /console/customers/<account_id>/subscriptions/<subscription_id>
            GET  /console/customers/<account_id>/allowances
            GET  /console/bill-runs
            GET  /console/bill-runs/<run_id>
            GET  /console/bill-runs/<run_id>/drafts/<account_id>
            GET  /console/invoices/<invoice_id>
            GET  /console/invoices/<invoice_id>/pdf
            GET  /console/plans
            GET  /console/what-if
            POST /console/what-if
            GET  /console/suspense
        """,
        Access(EDITORS): """
            GET  /console/customers/new
            GET  /console/customers/import
            GET  /console/customers/<account_id>/edit
            GET  /console/customers/<account_id>/services/new
            GET  /console/customers/<account_id>/services/<service_id>/identities
            GET  /console/customers/<account_id>/services/<service_id>/plan
        """,
        Access(EDITORS, writes=True): """
            POST /console/customers/new
            POST /console/customers/import
            POST /console/customers/<account_id>/edit
            POST /console/customers/<account_id>/notes
            POST /console/customers/<account_id>/services/new
            POST /console/customers/<account_id>/services/<service_id>/identities
            POST /console/customers/<account_id>/services/<service_id>/identities/end
            POST /console/customers/<account_id>/services/<service_id>/plan
            POST /console/customers/<account_id>/logins
            POST /console/customers/<account_id>/logins/<subject>/end
            POST /console/customers/<account_id>/plans/<subscription_id>
        """,
        Access(BILLERS): """
            GET  /console/customers/<account_id>/invoices/new
            GET  /console/plans/<offering_id>/rise
            GET  /console/customers/<account_id>/plans/<subscription_id>/price
        """,
        Access(BILLERS, writes=True): """
            POST /console/customers/<account_id>/invoices/new
            POST /console/customers/<account_id>/plans/<subscription_id>/price
            POST /console/plans
            POST /console/plans/<offering_id>/rise
            POST /console/bill-runs
            POST /console/bill-runs/<run_id>/prepare
            POST /console/bill-runs/<run_id>/approve
            POST /console/bill-runs/<run_id>/issue
            POST /console/bill-runs/<run_id>/supplementary
            POST /console/suspense/<record_id>/recycle
        """,
    }
)

CUSTOMER_PAGES = COMMON | table(
    {
        Access(CUSTOMERS): """
            GET  /
            GET  /bills
            GET  /bills/<invoice_id>
            GET  /bills/<invoice_id>/pdf
            GET  /usage
            GET  /usage/<service_id>
            GET  /allowances
        """,
        Access(PUBLIC): """
            GET  /paid/<token>
        """,
    }
)
