const PATHS = {
  alert: "M12 8v5m0 3v.01M12 3l9.5 17h-19z",
  arrowDown: "M12 5v14m-6-6 6 6 6-6",
  ban: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M5.6 5.6l12.8 12.8",
  check: "m5 12.5 4.5 4.5L19 7.5",
  chevron: "m7 10 5 5 5-5",
  clock: "M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  eye: "M2.5 12S6 5.500 12 5.500 21.5 12 21.5 12 18 18.500 12 18.500 2.5 12 2.5 12M15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0",
  hash: "M9.5 4 8 20m8-16-1.5 16M4.5 9h16m-17 6h16",
  megaphone: "M4 10v4h3l8 4V6l-8 4zm4 4v5h3v-3.5M18.5 9.5a4 4 0 0 1 0 5",
  menu: "M4 7h16M4 12h16M4 17h16",
  monitor: "M3 5h18v11H3zm5 15h8m-4-4v4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  more: "M5 12v.01M12 12v.01M19 12v.01",
  pause: "M9 5v14m6-14v14",
  people:
    "M12.5 8a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0M2.5 20c0-3.6 2.7-6 6.5-6s6.5 2.4 6.5 6M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14.6c2.2.8 3.5 2.7 3.5 5.4",
  play: "M7 4.500v15l12-7.500z",
  plug: "M9 3v4m6-4v4M6 7h12v3a6 6 0 0 1-12 0zm6 9v2m0 3v.01",
  plus: "M12 5v14M5 12h14",
  power: "M12 3v9M6.5 7a8 8 0 1 0 11 0",
  retry: "M4 12a8 8 0 0 1 14-5.300L20 9m0-5v5h-5M20 12a8 8 0 0 1-14 5.300L4 15m0 5v-5h5",
  scissors:
    "M8.5 6.500a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0M8.5 17.500a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0M8 8l12 9M8 16l12-9",
  send: "M5 12h13m-6-6.500L18.5 12 12 18.5",
  signOut: "M10 4H5v16h5M15 8l4 4-4 4m4-4H9",
  snowflake: "M12 2.500v19M3.8 7.200l16.400 9.600m0-9.600L3.8 16.800M9 4l3 2.500L15 4M9 20l3-2.500 3 2.500",
  sun: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0M12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.400m11.2 11.200L19 19M5 19l1.4-1.400M17.6 6.4 19 5",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside a text or in a button with a label. Hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
