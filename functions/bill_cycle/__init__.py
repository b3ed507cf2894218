"""The bill cycle: one file for each state of two workflows, and what runs beside them.

Payloads are small: ids and counts, never documents. A partition is one item of a JSON array in S3
and is the whole input of its state.

prepare   starts with {"cycle": {"anchor": 1, "period": "2026-10-01"}, "attempt": 1, "actor": "…",
          "supplementary": false}; `period` is the first local day of a period that has ended.
          `supplementary` takes what the cycle's last approved run left parked; "supplement_of":
          "run_…" names that run instead
  open_run         in   as above
                   out  {"run": "run_…", "revision": 1, "actor": "…", "accounts": 120,
                         "partitions": {"bucket": "…", "key": "runs/…"}}
  draft_partition  in   {"run": "run_…", "revision": 1, "accounts": ["acc_…", …]}    (map item)
                   out  {"drafts": 118, "parked": 1, "nothing": 1}    (discarded)
  compare          in   what open_run gave
                   out  {"run": "run_…", "revision": 1, "state": "review", "digest": "…",
                         "drafts": 118, "parked": 1}
                   state "approved" or "closed": it joined a run that had gone on; "superseded": the
                   run was in another revision by then

issue     starts with {"run": "run_…", "revision": 1, "actor": "…"}, after an approval
  freeze           in   as above
                   out  {"run", "revision", "actor", "count": 118,
                         "manifest": {"bucket": "…", "key": "runs/…"}}
  number           in   what freeze gave
                   out  what freeze gave, and "allocations": [{one for each seller}],
                        "partitions": {"bucket": "…", "key": "runs/…"}
  issue_partition  in   {"run", "revision", "actor", "allocation": {…}, "documents":
                         [[rank, "acc_…"], …]}    (map item)
                   out  {"issued": 118, "stuck": 0}    (discarded)
  collect          in   what number gave        out  the same, and "settled": 2, "stuck": 0
  close_run        in   what collect gave       out  {"run", "revision", "state": "closed",
                                                      "count": 118}
  deliver          in   anything                out  {"sent": 118, "failed": 0}

freeze, collect and close_run answer with the place they came to, "at": 1500, when their time is up;
they are invoked again with that answer until it has none.

start_due   hourly: starts *prepare* for cycles that are due
deliver     every minute: sends what the outbox holds
"""
