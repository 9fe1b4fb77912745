-- Whether an answer is taken for a request that failed, which is neither right nor wrong.
-- It is not right, no reason is recorded why it ended, and it has no token, or at most 3 with nothing readable in them.
-- The shortest abstentions stored take 4 ("I don't know.").
create or replace temp macro is_failed_request(answer, correct, generated_tokens, finish_reason) as
    not correct
    and finish_reason is null
    and coalesce(generated_tokens = 0 or (generated_tokens <= 3 and answer is null), false)
