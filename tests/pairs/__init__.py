"""Two handlers on one account, in every order of their calls that matters.

    explored = explore(Pair("pay/pay", world, {"first": …, "second": …}, law))
    assert not explored.broken, explored.broken[0]

The handlers are the product's own, given real events. Each runs until its next call to AWS or to
the payment processor and waits there; the explorer says who goes on, who dies, and whose
transaction meets another one. `explorer` chooses the orders, `account` is the ISP they work on.
"""
