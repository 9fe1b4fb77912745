-- Reasoning Gym, the easy half: mean characters of the whole answer, of models that reason in it and hide nothing. The
-- generators are those of the stored answers (../samples/reasoning_gym.sql).
-- in:  $data: the folder of collected figures; length_names(published, model): of open and of closed models; stored:
--      the stored answers
select
    length_names.model,
    'non-thinking' as mode,
    'reasoning-gym-' || category as task,
    'puzzles' as kind,
    count(*) as n_answers,
    null::double as generated_tokens,
    avg(answer_chars) as characters,
    'open-thought/reasoning-gym-eval (Apache-2.0)' as source,
    'https://github.com/open-thought/reasoning-gym-eval' as source_url
from read_parquet($data || '/reasoning_gym_easy.parquet') as answers
join length_names on answers.model = length_names.published
where length_names.model not in ('deepseek-ai/DeepSeek-R1', 'Qwen/QwQ-32B')
    and ('reasoning-gym-' || category, question_id) in (select (task, question_id) from stored)
group by all
