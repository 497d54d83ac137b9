/// The page's style sheet: no font, picture or script from anywhere else.
package enum PageStyle {
    package static let sheet = """
        :root{color-scheme:light dark;--paper:#fbfaf6;--card:#fff;--ink:#23211d;--soft:#6d675d;--rule:#e2ddd2;
        --teacher:#b4622d;--student:#13706f;--baseline:#8b8577;--good:#2c7a3f;--bad:#a8322b}
        @media(prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1c1f23;--ink:#e8e4dc;--soft:#a09a8e;--rule:#33373d;
        --teacher:#e39a62;--student:#4fbfb8;--baseline:#9a958a;--good:#7cc48b;--bad:#e58a83}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
        "Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
        main,header{max-width:60rem;margin:0 auto;padding:0 1.1rem}
        header{padding-top:2.6rem}
        h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif;font-weight:600;
        line-height:1.2;letter-spacing:-.01em;text-wrap:balance}
        h1{font-size:clamp(1.9rem,5vw,2.7rem);margin:.15rem 0 .6rem}
        h2{font-size:1.45rem;margin:3rem 0 .4rem;padding-top:1.1rem;border-top:1px solid var(--rule)}
        h3{font-size:1rem;margin:1.4rem 0 .3rem}
        p{margin:.4rem 0 .9rem;max-width:42rem}
        .kicker{font-size:.8rem;letter-spacing:.09em;text-transform:uppercase;color:var(--soft);margin:0}
        .lead{font-size:1.12rem}
        .soft,figcaption,.note{color:var(--soft);font-size:.9rem}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.8rem,1fr));gap:.7rem;margin:1.4rem 0}
        .tile{background:var(--card);border:1px solid var(--rule);border-radius:.6rem;padding:.75rem .9rem}
        .tile b{display:block;font-size:1.55rem;line-height:1.2;font-weight:600;font-variant-numeric:tabular-nums}
        .tile span{color:var(--soft);font-size:.85rem}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20.5rem),1fr));gap:1.2rem 2rem;align-items:start}
        figure{margin:.6rem 0 1rem}
        figcaption{margin-bottom:.3rem}
        svg{display:block;width:100%;max-width:30rem;height:auto;font:10.5px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
        font-variant-numeric:tabular-nums}
        svg text{fill:var(--soft)}svg text.ink{fill:var(--ink)}svg text.on{fill:var(--paper)}
        .grid{stroke:var(--rule);stroke-width:1}
        .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .dotted{stroke-dasharray:1 4}
        .teacher{--c:var(--teacher)}.student{--c:var(--student)}.baseline{--c:var(--baseline)}
        .line.teacher,.line.student,.line.baseline,.whisker{stroke:var(--c)}
        .dot,.bar,.cell{fill:var(--c)}
        .whisker{stroke-width:1.5}
        .cell.wrong{--c:var(--bad)}
        .empty{fill:none;stroke:var(--rule)}
        .legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.2rem 0 .6rem;padding:0;list-style:none;font-size:.9rem}
        .legend i{display:inline-block;width:.8em;height:.8em;border-radius:50%;background:var(--c);margin-right:.45em}
        .scroll{overflow-x:auto;margin:.6rem 0 1rem}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem;min-width:100%}
        th,td{padding:.34rem .8rem .34rem 0;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
        th:first-child,td:first-child{text-align:left}
        thead th{font-weight:600;color:var(--soft);font-size:.82rem;vertical-align:bottom}
        td small{color:var(--soft);font-size:.8rem}
        tbody th{font-weight:500}
        .prose th,.prose td{text-align:left;vertical-align:top}.prose td{white-space:normal;min-width:9rem}
        .prose td:last-child{color:var(--soft);min-width:15rem}
        details{margin:.5rem 0 1rem}summary{cursor:pointer;color:var(--soft)}
        code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        ul.notes{padding-left:1.1rem;max-width:42rem}
        footer{max-width:60rem;margin:3rem auto 2.5rem;padding:0 1.1rem;color:var(--soft);font-size:.85rem}
        @media print{body{background:#fff}section{break-inside:avoid}}
        """
}
