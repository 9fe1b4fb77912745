-- What the answers of each run come to, whatever their order: any change of an answer changes its digest.
-- Of two verdicts of one draw the file that was sealed later counts: so answers are summed by when they were sealed.
-- in:  answers (answers.sql)
-- out: way, run_id, sealed_at, n, digest (sum of 64 bits an answer, as text)
select
    way,
    run_id,
    sealed_at,
    count(*) as n,
    -- hashed twice: the hash of a row is linear in that of its last column
    sum(hash(hash(*columns(* exclude (way, own, sealed_at)))))::varchar as digest
from answers
group by way, run_id, sealed_at
order by way, sealed_at, run_id
