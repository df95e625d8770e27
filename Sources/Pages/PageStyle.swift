/// Styles that the report and the status page share.
package enum PageStyle {
    /// The colors, which have a contrast of at least 4.5 for text.
    package static let palette = """
        :root{--text:#1c2024;--soft:#5b636b;--back:#fff;--card:#f6f7f9;--line:#d5dae0;--rate:#1f5fbf;--limit:#b3261e;\
        --paused:#f3c9c5;--probation:#f5e3b3;--good:#1c7a3f;--bad:#b3261e;--odd:#9a5b00;--avail:#a9c7ef;--reserved:#1f5fbf}
        @media(prefers-color-scheme:dark){:root{--text:#e8eaed;--soft:#a6afb8;--back:#14171a;--card:#1d2125;--line:#3a4148;\
        --rate:#82b1ff;--limit:#ff8a80;--paused:#5a2a27;--probation:#564619;--good:#7ddb9b;--bad:#ff8a80;--odd:#ffc266;\
        --avail:#2b4a75;--reserved:#82b1ff}}

        """

    package static let common = """
        *{box-sizing:border-box}body{margin:0;padding:1.2rem;max-width:62rem;margin-inline:auto;color:var(--text);\
        background:var(--back);font:16px/1.5 system-ui,sans-serif}
        h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--line)}
        h3{font-size:1rem;margin:0}h3 span{font-weight:400;color:var(--soft)}header p{color:var(--soft);margin:.2rem 0 1rem}

        """

    package static let charts = """
        figure{margin:0}figure svg{width:100%;height:auto;display:block}
        svg text{font:12px system-ui,sans-serif;fill:var(--soft)}.grid{stroke:var(--line);stroke-width:1}
        .rate{fill:none;stroke:var(--rate);stroke-width:2;stroke-linejoin:round}.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:6 4}
        svg .limit-label{fill:var(--limit);stroke:var(--back);stroke-width:3;paint-order:stroke}rect.paused,path.paused:not(.mark){fill:var(--paused)}rect.probation,path.probation{fill:var(--probation)}
        .mark{stroke-width:1.8;stroke:var(--back);paint-order:stroke}.mark.paused{fill:var(--bad)}.mark.resumed,.mark.started{fill:var(--good)}
        .mark.override{fill:var(--odd)}.mark.order{fill:var(--text)}.mark.wouldPause{fill:none;stroke:var(--bad)}
        .mark.probationPassed{fill:none;stroke:var(--good)}.mark.relapsed{fill:none;stroke:var(--bad)}
        .available{fill:var(--avail)}.reserved{fill:var(--reserved)}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1rem;padding:0;color:var(--soft);font-size:.85rem}
        .key{width:1rem;height:1rem;vertical-align:-.15rem}
        @media(max-width:40rem){svg text{font-size:28px}svg .minor{display:none}}

        """
}
