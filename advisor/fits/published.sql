-- Published accuracies: the tables of measurements/published.
-- in:  $files
-- out: model, task, strategy, n_samples, n_questions, accuracy, stderr, generated_tokens,
--      origin (what it is and where it was seen), filename
select
    model,
    lower(task) as task,
    strategy,
    n_samples,
    n_questions,
    accuracy,
    stderr,
    generated_tokens,
    concat_ws('; ', source, quality, 'tokens: ' || tokens_from) as origin,
    filename
from read_csv($files, header = true, filename = true, union_by_name = true, types = {
    'model': 'varchar', 'task': 'varchar', 'strategy': 'varchar', 'n_samples': 'bigint', 'n_questions': 'bigint',
    'stderr': 'double', 'generated_tokens': 'double', 'tokens_from': 'varchar', 'quality': 'varchar',
    'source': 'varchar', 'accuracy': 'double'
})
order by task, model, strategy, n_samples, generated_tokens, filename, origin, accuracy -- a total order: later rows win
