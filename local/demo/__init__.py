"""`make demo`: a month from a RADIUS packet to a paid invoice, step by step, without a browser.

Everything is asked of the running system from outside, as routers, staff, customers and the payment
processor do; only the books are added up from the tables at the end. The first figure that is not
as it must be ends it with exit code 1.
"""
