-- Every task that strategy points are known for.
-- in:  $files: points.csv files
-- out: task, models, points, n_questions (the largest set), with_tokens (models whose tokens are known)
select
    task,
    count(distinct model) as models,
    count(*) as points,
    max(n_questions) as n_questions,
    count(distinct case when generated_tokens is not null then model end) as models_with_tokens
from read_csv($files, header = true, delim = ',', quote = '"', escape = '"', union_by_name = true, types = {'generated_tokens': 'double', 'token_budget': 'bigint', 'cut': 'double'})
group by task
order by task
