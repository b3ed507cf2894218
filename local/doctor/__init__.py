"""What stands between this machine and a deployment, each with its fix.

machine     Python, Node, the CDK's command line
config      isp.toml, plans.toml and the stage's addresses
account     what AWS says of identity, region, bootstrap, quotas, mail, certificate and stacks
payments    what the payment processor lets the stored key do

Without credentials nothing is asked of AWS, and the report says so. Nothing is ever changed: every
question is a read, and the processor is asked for things that it can only refuse.
"""
