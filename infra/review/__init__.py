"""What a reviewer looks at: who may do what, which findings are accepted, whose work we deploy.

python -m infra.review           fails on a finding of cdk-nag or cfn-lint that nobody accepted, and
                                 on an acceptance of what is no longer found
python -m infra.review --write   writes `roles.txt`, the table of accepted findings in
                                 docs/security.md, and docs/licences.md; their diff shows each new
                                 right, exception and package
"""
