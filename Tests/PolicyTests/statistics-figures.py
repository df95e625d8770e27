"""Generates statistics-figures.csv with scipy: python3 -m pip install scipy; python3 statistics-figures.py

For limits, trials and hits: ln E of the e-process with prior Beta(1, 1/(2 limit) - 1) truncated to rates above the limit, and
the bounds of Wilson's 95 % interval.
"""
import pathlib

from scipy.special import betaln
from scipy.stats import beta, binomtest
import math


def log_evidence(limit, trials, hits):
    a, b = 1, max(1, 1 / (2 * limit) - 1)
    posterior = betaln(a + hits, b + trials - hits) + beta.logsf(limit, a + hits, b + trials - hits)
    prior = betaln(a, b) + beta.logsf(limit, a, b)
    return posterior - prior - hits * math.log(limit) - (trials - hits) * math.log1p(-limit)


rows = ["limit,trials,hits,log_evidence,wilson_lower,wilson_upper"]
for limit in (0.005, 0.02, 0.03, 0.05, 0.08, 0.1, 0.3, 0.6):
    for trials in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 10000):
        hits = {0, 1, 2, 3, trials // 200, trials // 100, trials // 50, trials // 20, trials // 10, trials // 5, trials // 2,
                trials - 1, trials}
        for hit in sorted(h for h in hits if 0 <= h <= trials):
            evidence = log_evidence(limit, trials, hit)
            if not math.isfinite(evidence):
                continue
            interval = binomtest(hit, trials).proportion_ci(0.95, method="wilson")
            rows.append(f"{limit},{trials},{hit},{float(evidence)!r},{float(interval.low)!r},{float(interval.high)!r}")
path = pathlib.Path(__file__).with_suffix(".csv")
path.write_text("\n".join(rows) + "\n")
print(f"{path.name}: {len(rows) - 1} rows")
