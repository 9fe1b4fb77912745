-- feasible: the candidates that meet every constraint, budgets also with answers at the upper end of imputed tokens.
-- in:  candidates; $usd, $flops, $s, $J, $tokens: upper bounds or null; $max_ttft, $max_tpot: seconds or null
--      $min_accuracy: or null, to be had with the confidence that `assured` is for
-- out: the columns of candidates
select *
from candidates
where ($usd is null or usd * bill_tokens_spread <= $usd)
    and ($flops is null or flops * tokens_spread <= $flops)
    and ($s is null or s * tokens_spread <= $s)
    and ($J is null or "J" * tokens_spread <= $J)
    and ($tokens is null or tokens * tokens_spread <= $tokens)
    and ($max_ttft is null or ttft_s <= $max_ttft)
    and ($max_tpot is null or tpot_s <= $max_tpot)
    and ($min_accuracy is null or assured >= $min_accuracy)
