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

issue     starts with {"run": "run_…", "revision": 1, "actor": "…"}, after an approval
  freeze           in   as above
                   out  {"run", "revision", "actor", "count": 118,
                         "manifest": {"bucket": "…", "key": "runs/…"}}
  number           in   what freeze gave
                   out  what freeze gave, and "allocations": [{one for each seller}],
                        "partitions": {"bucket": "…", "key": "runs/…"}
  issue_partition  in   {"run", "revision", "actor", "allocation": {…}, "documents":
                         [[rank, "acc_…"], …]}    (map item)
                   out  {"issued": 118}    (discarded)
  collect          in   what number gave        out  the same, and "settled": 2
  close_run        in   what collect gave       out  {"run", "revision", "state": "closed",
                                                      "count": 118}
  deliver          in   anything                out  {"sent": 118, "failed": 0}

start_due   hourly: starts *prepare* for cycles that are due
deliver     every minute: sends what the outbox holds
"""
