-- feasible: the candidates that meet every constraint.
-- in:  candidates; $usd, $flops, $s, $J, $tokens: upper bounds or null; $max_ttft, $max_tpot: seconds or null
--      $min_accuracy: or null, to be had with the confidence that `assured` is for
-- out: the columns of candidates
select *
from candidates
where ($usd is null or usd <= $usd)
    and ($flops is null or flops <= $flops)
    and ($s is null or s <= $s)
    and ($J is null or "J" <= $J)
    and ($tokens is null or tokens <= $tokens)
    and ($max_ttft is null or ttft_s <= $max_ttft)
    and ($max_tpot is null or tpot_s <= $max_tpot)
    and ($min_accuracy is null or assured >= $min_accuracy)
