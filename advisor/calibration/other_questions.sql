-- A question that is recorded with another prompt under the same task, template and id.
-- in:  $samples: list of files; tables asked (the questions of the run that draws now) and absent (no rows), both with
--      the columns of samples
-- out: question_id, run_id
with recorded as (
    from read_parquet($samples, union_by_name = true)
    union all by name
    from absent
)
select asked.question_id, recorded.run_id
from recorded
join asked
    on recorded.task = asked.task
    and recorded.template is not distinct from asked.template
    and recorded.question_id = asked.question_id
where recorded.prompt_digest != asked.prompt_digest
limit 1
