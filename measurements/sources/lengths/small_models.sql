-- Small models on arithmetic and lists: the mean length of a task, where the source does not repeat it over several.
-- in:  $data: the folder of collected figures; length_names(published, model): of open and of closed models
select
    coalesce(length_names.model, answers.model) as model,
    'non-thinking' as mode,
    'simple-tasks/' || replace(task, '_', '-') as task,
    'simple tasks' as kind,
    null::bigint as n_answers,
    output_tokens as generated_tokens,
    null::double as characters,
    'LLMThinkBench leaderboard, ctrl-gaurav/LLMThinkBench (MIT)' as source,
    'https://github.com/ctrl-gaurav/LLMThinkBench' as source_url
from read_csv($data || '/small_models_simple_tasks.csv') as answers
left join length_names on lower(answers.model) = length_names.published
where tokens_shared_with_other_task = 0 and output_tokens > 0
