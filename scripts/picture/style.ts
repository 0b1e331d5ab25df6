/** Colours for both schemes. The picture brings its own ground, for a page's theme need not be the system's. */
export const STYLE = `
  :root { --ground: #f6f9fc; --frame: #d8e2ec; --ink: #17212b; --faint: #566879; --bank: #b9a98a; --old: #a9c0d6;
    --new: #35b3a2; --bed: #e3eaf1; --gate: #3a4a5a; --boat: #ffffff; --tie: #17323a; --back: #d9822b;
    --alarm: #c8372d; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #10171f; --frame: #263442; --ink: #e8eff6; --faint: #9db0c2; --bank: #6b5f4a; --old: #48627c;
      --new: #1c8c80; --bed: #1a2530; --gate: #c3d1de; --boat: #f2f8fc; --tie: #d5f2ec; --back: #eb9c4a;
      --alarm: #ff7a6b; }
  }
  text { font-family: "Helvetica Neue", "Segoe UI", Arial, "Liberation Sans", Roboto, sans-serif;
    fill: var(--ink); font-size: 13px; }
  .name { font-size: 26px; font-weight: 700; }
  .title { font-size: 16px; font-weight: 650; }
  .note { fill: var(--faint); }
  .ground { fill: var(--ground); stroke: var(--frame); }
  .old { fill: var(--old); } .new { fill: var(--new); } .bed { fill: var(--bed); }
  .bank { fill: var(--bank); }
  .gate { fill: var(--gate); } .rod { stroke: var(--gate); fill: none; }
  .leaf { fill: var(--gate); opacity: .55; } .plank { stroke: var(--ground); stroke-width: 1; opacity: .6; }
  .tie { stroke: var(--tie); stroke-width: 1.2; opacity: .5; fill: none; }
  .boats { stroke: var(--boat); stroke-width: 3; stroke-linecap: round; fill: none; stroke-dasharray: 7 13; }
  .back { stroke: var(--back); fill: none; stroke-linejoin: round; } .tip { fill: var(--back); }
  .backname { fill: var(--back); font-weight: 650; }
  .alarm { stroke: var(--alarm); fill: none; } .alarmtip, .bell { fill: var(--alarm); }
  .alarmname { fill: var(--alarm); font-weight: 650; }
  .person { fill: var(--faint); } .gatename { fill: var(--ink); font-size: 12px; font-weight: 600; }
  .mark { stroke: var(--faint); fill: none; stroke-linecap: round; } .marktip { fill: var(--faint); }
  @media (prefers-reduced-motion: no-preference) {
    .boats { animation: flow 1.6s linear infinite; }
    @keyframes flow { from { stroke-dashoffset: 20; } to { stroke-dashoffset: 0; } }
  }
`;
