import HTTPTypes
import Pages

/// The style and the script, which are the same for everyone.
enum Assets {
    static let style = WebReply(status: .ok, type: "text/css; charset=utf-8", body: css)
    static let script = WebReply(status: .ok, type: "text/javascript; charset=utf-8", body: javaScript)

    private static let css = PageStyle.palette + PageStyle.common + PageStyle.charts + ownStyle

    private static let ownStyle = """
        body{max-width:76rem;overflow-wrap:break-word}a{color:var(--rate)}
        :focus-visible{outline:3px solid var(--rate);outline-offset:2px}main:focus{outline:none}
        .skip{position:absolute;left:-100rem;padding:.4rem .8rem;background:var(--back);color:var(--rate)}
        .skip:focus{left:.5rem;top:.5rem;z-index:1}
        header{display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;align-items:baseline;border-bottom:1px solid var(--line)}
        header p.brand{font-weight:700;color:var(--text);margin:0}
        header ul{display:flex;gap:1rem;list-style:none;margin:0;padding:0}
        header a{display:inline-block;padding:.4rem .2rem}[aria-current]{font-weight:700;text-decoration-thickness:.2em}
        h1{margin-top:1rem}#headline{font-size:1.05rem;margin:.2rem 0}.as-of,footer p,figcaption{color:var(--soft);font-size:.9rem}
        .as-of{margin:0}footer{margin-top:2rem;border-top:1px solid var(--line)}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.6rem;margin:0}
        .facts div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem}
        .facts dt{color:var(--soft);font-size:.85rem}.facts dd{margin:0;font-weight:600}
        .badge{display:inline-block;border:1px solid currentColor;border-radius:.4rem;padding:0 .4rem;font-size:.9em;\
        font-weight:600;background:var(--back)}
        .badge.bad{color:var(--bad)}.badge.odd{color:var(--odd)}.badge.good{color:var(--good)}.badge.plain{color:var(--soft)}
        .notice{border-left:4px solid var(--odd);padding:.2rem .8rem;background:var(--card)}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}
        caption{text-align:left;color:var(--soft);padding:.3rem 0}
        th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
        thead th{color:var(--soft);font-weight:600}tbody th{font-weight:600}.group th{background:var(--card);padding-top:.6rem}
        .number{text-align:right;font-variant-numeric:tabular-nums}td ul{margin:0;padding-left:1.1rem}
        .id{display:block;color:var(--soft);font-weight:400;font-size:.9em}
        .bar{display:block;width:12rem;max-width:100%;height:.6rem;margin:.3rem 0}.bar .whole{fill:var(--line)}
        code{font:.92em ui-monospace,monospace;overflow-wrap:anywhere}time{font-variant-numeric:tabular-nums}
        article.rule{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;\
        margin:.8rem 0;break-inside:avoid}.rule p{margin:.3rem 0}.rule table th{font-weight:400}
        .depth-1{padding-left:1.2rem}.depth-2{padding-left:2.4rem}.depth-3{padding-left:3.6rem}
        .depth-4{padding-left:4.8rem}.depth-5{padding-left:6rem}.depth-6{padding-left:7.2rem}
        [class^=depth-]{display:inline-block}.story{padding-left:2.2rem;font-size:.92rem}
        .pager{display:flex;gap:1.5rem;margin:.8rem 0}.pager a{padding:.4rem 0}
        .login{max-width:26rem}label{display:block;font-weight:600}
        input,button{font:inherit;padding:.4rem .6rem;width:100%;border:1px solid var(--soft);border-radius:.4rem;\
        background:var(--back);color:var(--text)}button{background:var(--card);font-weight:600;cursor:pointer}
        @media(max-width:40rem){body{padding:.8rem}thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
        table,caption,tbody,tr,th,td{display:block;border:0;padding:.15rem 0}.number{text-align:left}
        tr{border-bottom:1px solid var(--line);padding:.6rem 0}tr.group{background:var(--card);padding:.3rem .5rem}
        td{display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:.5rem}td::before{content:attr(data-label);color:var(--soft)}
        td:has(>div:empty){display:none}}
        @media print{:root{--back:#fff;--card:#fff;--text:#000;--soft:#333;--rate:#1f5fbf;--bad:#b3261e;--odd:#9a5b00;--good:#1c7a3f;\
        --line:#999;--limit:#b3261e}body{max-width:none;padding:0}.skip,header nav,.pager,#live{display:none}
        .scroll{overflow:visible}tr{break-inside:avoid}a{color:inherit;text-decoration:none}}

        """

    /// Loads the page again when the guard's state has changed, and replaces the sections that differ.
    private static let javaScript = """
        "use strict";
        (() => {
          const live = document.getElementById("live");
          const minimum = 1000, fallback = 15000;
          let version = document.body.dataset.version, busy = false, wanted = null, timer = null;

          // Written only when it changes, so that a screen reader does not repeat it.
          const say = (text) => { if (live && live.textContent !== text) live.textContent = text; };

          const replace = (old, fresh) => {
            const active = document.activeElement;
            const href = old.contains(active) && active.getAttribute ? active.getAttribute("href") : null;
            old.replaceChildren(...fresh.childNodes);
            if (href === null) return;
            for (const link of old.querySelectorAll("a")) {
              if (link.getAttribute("href") === href) { link.focus({ preventScroll: true }); break; }
            }
          };

          const update = (page) => {
            for (const id of ["headline", "as-of"]) {
              const old = document.getElementById(id), fresh = page.getElementById(id);
              if (old && fresh && old.innerHTML !== fresh.innerHTML) replace(old, fresh);
            }
            const main = document.getElementById("main");
            let last = null;
            const kept = new Set();
            for (const fresh of page.querySelectorAll("main > section[data-live]")) {
              kept.add(fresh.id);
              const old = document.getElementById(fresh.id);
              if (old && old.innerHTML !== fresh.innerHTML) replace(old, fresh);
              if (!old) {
                const added = document.adoptNode(fresh);
                if (last) last.after(added); else main.append(added);
              }
              last = document.getElementById(fresh.id);
            }
            for (const old of main.querySelectorAll(":scope > section[data-live]")) {
              if (!kept.has(old.id)) old.remove();
            }
            document.title = page.title;
            version = page.body.dataset.version || version;
            document.body.dataset.version = version;
            document.body.dataset.updates = String(Number(document.body.dataset.updates || 0) + 1);
          };

          const refresh = async () => {
            if (busy || document.hidden) return;
            busy = true;
            try {
              const response = await fetch(location.href, { cache: "no-store" });
              if (response.status === 401) { location.reload(); return; }
              if (response.ok) update(new DOMParser().parseFromString(await response.text(), "text/html"));
            } catch { say("Not connected: this page may be out of date."); }
            setTimeout(() => { busy = false; if (wanted !== null && wanted !== version) refresh(); }, minimum);
          };

          const poll = () => { if (timer === null) timer = setInterval(refresh, fallback); };

          const stream = new EventSource("/events");
          stream.addEventListener("open", () => {
            say("Live.");
            if (timer !== null) { clearInterval(timer); timer = null; }
          });
          stream.addEventListener("version", (event) => {
            wanted = event.data;
            if (wanted !== version) refresh();
          });
          stream.addEventListener("error", () => {
            say(stream.readyState === EventSource.CLOSED
              ? "Reloaded every 15 seconds." : "Not connected: this page may be out of date.");
            if (stream.readyState === EventSource.CLOSED) poll();
          });
          document.addEventListener("visibilitychange", () => {
            if (!document.hidden && wanted !== null && wanted !== version) refresh();
          });
        })();

        """
}
