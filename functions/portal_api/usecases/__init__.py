"""What people do here, once: the JSON API and the pages call the same functions.

Every argument is plain. A reader takes `sees`, the accounts the caller may look at
(`principal.sees`), and answers frozen data. A writer takes an `Operation`: who, when, under which
name; the same operation again finds its own rows. Refusals are BillingErrors.
"""
