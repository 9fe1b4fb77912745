-- A question that is recorded with another prompt under the same task, template and id.
-- in:  $samples: list of files; tables questions (those of the run that draws now) and absent (no rows), both with the
--      columns of samples
-- out: question_id, run_id
with recorded as (
    from read_parquet($samples, union_by_name = true)
    union all by name
    from absent
)
select questions.question_id, recorded.run_id
from recorded
join questions
    on recorded.task = questions.task
    and recorded.template is not distinct from questions.template
    and recorded.question_id = questions.question_id
where recorded.prompt_digest != questions.prompt_digest
limit 1
