-- Answers that runs of the same set-up and seed have drawn already on the same engine, with their texts.
-- in:  $samples, $texts: lists of files, the same runs; table plan: one row, the columns of the run that draws now
-- out: question_id, sample_index, prompt, text, reasoning, generated_tokens, prompt_tokens, finish_reason;
--      one row a draw
select distinct on (drawn.question_id, drawn.sample_index)
    drawn.question_id,
    drawn.sample_index,
    texts.prompt,
    texts.text,
    texts.reasoning,
    drawn.generated_tokens,
    drawn.prompt_tokens,
    drawn.finish_reason
from read_parquet($samples, union_by_name = true) as drawn
join read_parquet($texts, union_by_name = true) as texts using (run_id, question_id, sample_index)
join plan
    on drawn.model = plan.model
    and drawn.task = plan.task
    and drawn.strategy = plan.strategy
    and drawn.seed = plan.seed
    and drawn.endpoint is not distinct from plan.endpoint
    and drawn.weights is not distinct from plan.weights
    and drawn.template is not distinct from plan.template
    and drawn.system_prompt is not distinct from plan.system_prompt
    and drawn.few_shot is not distinct from plan.few_shot
    and drawn.chat_options is not distinct from plan.chat_options
    and drawn.force is not distinct from plan.force
    and drawn.temperature is not distinct from plan.temperature
    and drawn.top_p is not distinct from plan.top_p
    and drawn.top_k is not distinct from plan.top_k
    and drawn.min_p is not distinct from plan.min_p
    and drawn.frequency_penalty is not distinct from plan.frequency_penalty
    and drawn.presence_penalty is not distinct from plan.presence_penalty
    and drawn.repetition_penalty is not distinct from plan.repetition_penalty
    and drawn.max_tokens is not distinct from plan.max_tokens
    and drawn.engine = plan.engine -- what is not known may be another one
    and drawn.engine_version is not distinct from plan.engine_version
where
    drawn.sample_index < plan.budget
    and drawn.finish_reason in ('stop', 'length', 'loop')
    and drawn.generated_tokens is not null
    and drawn.prompt_tokens is not null
order by drawn.question_id, drawn.sample_index, drawn.run_id
