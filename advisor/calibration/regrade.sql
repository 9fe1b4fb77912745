-- The answers of a run with the texts that they were read from.
-- in:  $samples, $texts: the run's two files
-- out: the columns of the samples; text, reference, kind of answer (null where the answer's text was not kept)
select samples.*, texts.text, texts.reference, texts.kind
from read_parquet($samples) as samples
left join read_parquet($texts) as texts using (run_id, question_id, sample_index)
order by question_id, sample_index
