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


# change-figures.csv: ln of the evidence of the change detector after each sample of a random path. The evidence is summed
# from its definition: over every email as a start, and over four alternatives, the product of the likelihood ratios of
# all samples from the one that contains the start.
import random
from decimal import Decimal, getcontext

getcontext().prec = 50


def alternatives(limit, lowest=1.2, highest=2.0, count=4):
    limit, odds = Decimal(limit), []
    for index in range(count):
        ratio = Decimal(lowest) * ((Decimal(highest) / Decimal(lowest)).ln() * index / (count - 1)).exp()
        odds.append(ratio * limit / (1 - limit))
    return [o / (1 + o) for o in odds]


def log_changes(limit, samples):
    figures, p = [], Decimal(limit)
    for end in range(1, len(samples) + 1):
        total = Decimal(0)
        for q in alternatives(limit):
            for start in range(end):
                ratio = Decimal(1)
                for hits, trials in samples[start:end]:
                    ratio *= (q / p) ** hits * ((1 - q) / (1 - p)) ** (trials - hits)
                total += samples[start][1] * ratio
        figures.append(float((total / 4).ln()))
    return figures


generator = random.Random(7)
rows = ["limit,samples,log_evidence"]
for limit in ("0.005", "0.02", "0.05", "0.1", "0.3"):
    for size in (1, 3, 25):
        for factor in (0.3, 1, 3):
            samples = []
            for _ in range(16):
                trials = generator.randint(1, size)
                rate = min(0.95, float(limit) * factor)
                samples.append((sum(generator.random() < rate for _ in range(trials)), trials))
            # Evidence above the square of what is needed does not count, so the paths end before.
            figures = [f for f in log_changes(limit, samples) if f < 38]
            samples = samples[: len(figures)]
            rows.append(f"{limit},{' '.join(f'{h}/{n}' for h, n in samples)},{' '.join(repr(f) for f in figures)}")
path = pathlib.Path(__file__).with_name("change-figures.csv")
path.write_text("\n".join(rows) + "\n")
print(f"{path.name}: {len(rows) - 1} rows")


def monte_carlo(limit, within, confidence, paths, seed):
    """The share of paths at the limit that fire within so many emails, one email a sample, and the mean run length."""
    import numpy as np

    draw = np.random.default_rng(seed)
    q = np.array([float(a) for a in alternatives(str(limit))])
    hit, miss = q / limit, (1 - q) / (1 - limit)
    threshold = within / (1 - confidence)
    levels, runs = np.zeros((paths, len(q))), np.zeros(paths)
    alive, emails, fired = np.ones(paths, bool), 0, 0.0
    while alive.any() and emails < 200 * within:
        emails += 1
        bounced = draw.random(paths) < limit
        levels = (levels + 1) * np.where(bounced[:, None], hit, miss)
        alive &= levels.mean(axis=1) < threshold
        levels[~alive] = 0
        runs += alive
        if emails == within:
            fired = 1 - alive.mean()
    return fired, runs.mean() + 1


for limit in (0.01, 0.05, 0.2):
    fired, run = monte_carlo(limit, 500, 0.9, 2000, 3)
    print(f"limit {limit}: {fired:.4f} fire within 500 emails (bound 0.1), mean run {run:.0f} emails (bound 5000)")
    assert fired <= 0.1 + 3 * math.sqrt(0.09 / 2000) and run >= 5000
