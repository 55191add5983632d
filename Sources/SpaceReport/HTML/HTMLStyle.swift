/// How the page looks: colours that differ in brightness too, so that no eye needs to tell red from green.
enum HTMLStyle {
  static let sheet: StaticString = """

    :root {
      --page: #f4f6f8; --card: #fff; --text: #1a1f27; --quiet: #4a5563; --edge: #cfd6de; --link: #0b4f94;
      --good: #00603f; --bad: #a3180d; --notice: #6f4300;
      --used: #2b6cb0; --added: #7fb2e5; --room: #d5ede2; --room-edge: #2f7d5f; --reserved: #8b97a5;
      --waste: #e69f00; --waste-line: #8a5a00; --short: #d1400c; --short-line: #fff;
      --unwritten: #b07aa1; --mostly-hole: #a9c4de; --hole: #dfe5eb; --unreadable: #111; --lost: #c1121f;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #12161c; --card: #1b2129; --text: #e8ecf2; --quiet: #aab5c3; --edge: #3a4653; --link: #8fbcff;
        --good: #58d0a2; --bad: #ff9384; --notice: #f3bd55;
        --used: #4f8fd0; --added: #a5cdf5; --room: #1d3a30; --room-edge: #58a98a; --reserved: #76828f;
        --waste: #e6a41c; --waste-line: #6b4600; --short: #ff6d3f; --short-line: #3b0d00;
        --unwritten: #c98bb9; --mostly-hole: #4a6a8c; --hole: #2b343f; --unreadable: #fff; --lost: #ff5d6c;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--page); color: var(--text);
      font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
    }
    h1, h2, h3, h4, p, figure { margin: 0 0 .6rem; }
    h1 { font-size: clamp(1.6rem, 1rem + 3vw, 2.6rem); line-height: 1.15; }
    h2 { font-size: 1.4rem; margin-top: 2rem; }
    h3 { font-size: 1.1rem; margin-top: 1rem; }
    h4 { font-size: 1rem; }
    code, pre { font-family: ui-monospace, monospace; font-size: .93em; unicode-bidi: isolate; }
    pre {
      margin: 0 0 .6rem; padding: .7rem .9rem; white-space: pre-wrap; background: var(--page);
      border: 1px solid var(--edge); border-radius: .4rem;
    }
    .line { display: block; padding-left: 2ch; text-indent: -2ch; }
    .remark { color: var(--quiet); }
    a { color: var(--link); }
    ul { padding-left: 1.2rem; }
    .opening, article, section > figure, .first {
      background: var(--card); border: 1px solid var(--edge); border-radius: .6rem; padding: 1rem;
    }
    article { margin-bottom: 1rem; }
    article > :first-child { margin-top: 0; }
    .opening { border-left: .7rem solid var(--quiet); }
    .opening.good { border-left-color: var(--good); }
    .opening.good h1 { color: var(--good); }
    .opening.bad { border-left-color: var(--bad); }
    .opening.bad h1 { color: var(--bad); }
    .opening.notice { border-left-color: var(--notice); }
    .opening.notice h1 { color: var(--notice); }
    .lead { font-size: 1.2rem; }
    .first { background: var(--page); border-width: 2px; margin: 1rem 0; padding-bottom: .4rem; }
    .first pre { background: var(--card); }
    .strong { font-weight: 700; }
    .quiet, .unknown { color: var(--quiet); }
    .unknown { font-style: italic; }
    .badge {
      display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em; color: var(--quiet);
      font-size: .85rem; font-weight: 600;
    }
    .badge.good { color: var(--good); }
    .badge.bad { color: var(--bad); }
    .badge.notice { color: var(--notice); }
    .badge.strong { color: var(--text); }
    nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; margin: 1rem 0 0; list-style: none; }
    .scroll { overflow-x: auto; margin: .6rem 0; }
    table { border-collapse: collapse; font-size: .93rem; }
    caption { text-align: left; color: var(--quiet); padding-bottom: .2rem; }
    th, td {
      text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--edge);
      min-width: 8rem; max-width: 34rem;
    }
    th { font-weight: 600; }
    tbody th { min-width: 10rem; }
    td:last-child:not(.figure) { min-width: 16rem; }
    .figure { text-align: right; white-space: nowrap; min-width: 0; font-variant-numeric: tabular-nums; }
    tr.bad, tr.strong { font-weight: 700; }
    tr.bad { color: var(--bad); }
    summary { cursor: pointer; color: var(--link); }
    .beside { display: grid; gap: 1rem 2.5rem; }
    figcaption { font-weight: 600; margin-bottom: .4rem; }
    .cards { display: grid; gap: 1rem; }
    .card { margin: 0; min-width: 0; }
    @media (min-width: 60rem) {
      .beside { grid-template-columns: 3fr 2fr; }
      .cards { grid-template-columns: 1fr 1fr; }
    }
    .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; font-size: .9rem; }
    .patch { margin-right: .4em; vertical-align: -2px; border: 1px solid var(--quiet); }
    .patterns { position: absolute; }
    .picture, .map { display: block; }
    .picture text { fill: var(--text); font-size: 13px; }
    .picture text.strong { font-weight: 700; }
    .picture text.bad { fill: var(--bad); font-weight: 700; }
    .picture text.good { fill: var(--good); font-weight: 700; }
    .picture text.quiet, .picture text.axis { fill: var(--quiet); }
    .picture text.narrow { display: none; }
    @media (max-width: 40rem) {
      .picture text.narrow { display: inline; }
      .picture text.wide { display: none; }
    }
    .picture rect { shape-rendering: crispEdges; }
    .used { fill: var(--used); }
    .added { fill: var(--added); }
    .room { fill: var(--room); stroke: var(--room-edge); }
    .spare { fill: var(--room-edge); }
    .reserved { fill: var(--reserved); }
    .short { fill: url(#hatch-short); }
    .waste { fill: url(#hatch-waste); }
    .short-ground { fill: var(--short); }
    .short-line { fill: none; stroke: var(--short-line); stroke-width: 1.5; }
    .waste-ground { fill: var(--waste); }
    .waste-line { fill: none; stroke: var(--waste-line); stroke-width: 1; }
    .limit { stroke: var(--text); stroke-width: 2; stroke-dasharray: 5 3; }
    .map { margin-bottom: .5rem; background: var(--card); shape-rendering: crispEdges; }
    .cell-data { fill: var(--used); }
    .cell-zero { fill: var(--waste); }
    .cell-unwritten { fill: var(--unwritten); }
    .cell-mostly-hole { fill: var(--mostly-hole); }
    .cell-hole { fill: var(--hole); }
    .cell-unreadable { fill: var(--unreadable); }
    .cell-lost { fill: var(--lost); stroke: var(--text); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
    footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--edge); color: var(--quiet); font-size: .9rem; }
    @media print {
      :root {
        --page: #fff; --card: #fff; --text: #000; --quiet: #333; --edge: #999; --link: #000; --good: #00603f;
        --bad: #a3180d; --notice: #6f4300; --used: #2b6cb0; --added: #7fb2e5; --room: #d5ede2; --room-edge: #2f7d5f;
        --reserved: #8b97a5; --waste: #e69f00; --waste-line: #8a5a00; --short: #d1400c; --short-line: #fff;
        --unwritten: #b07aa1; --mostly-hole: #a9c4de; --hole: #dfe5eb; --unreadable: #111; --lost: #c1121f;
      }
      body { font-size: 10.5pt; max-width: none; padding: 0; print-color-adjust: exact; }
      nav, footer pre, footer p + p { display: none; }
      .card, .finding, figure, tr { break-inside: avoid; }
      h2, h3, h4 { break-after: avoid; }
      .scroll { overflow: visible; }
      .card details { display: none; }
      details::details-content { content-visibility: visible; display: block; }
    }

    """
}
