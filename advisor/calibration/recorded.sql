-- recorded: what the answers of each question of a sealed run come to.
-- in:  $file: the run's parquet file
-- out: a row a question: share of the checked answers that are right (null: none was checked), answers, loops,
--      answers that were not checked
select
    avg(correct::int) filter (finish_reason is distinct from 'unchecked') as share_right,
    count(*) as answers,
    count(*) filter (finish_reason = 'loop') as loops,
    count(*) filter (finish_reason = 'unchecked') as unchecked
from read_parquet($file)
group by question_id
