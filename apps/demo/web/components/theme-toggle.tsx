import { useState } from "react";
import { writeItem } from "../lib/browser-storage.ts";
import type { IconName } from "./icon.tsx";
import { IconButton } from "./icon-button.tsx";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const ICONS: Readonly<Record<Theme, IconName>> = { system: "monitor", light: "sun", dark: "moon" };

/** A button that switches between the three themes. public/theme.js applies the stored theme before the first paint. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(readTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  const label = `Theme: ${theme}. Switch to ${next}`;
  return (
    <IconButton
      icon={ICONS[theme]}
      label={label}
      title={label}
      data-testid="theme"
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    />
  );
}

function readTheme(): Theme {
  return THEMES.find((theme) => theme === document.documentElement.dataset["theme"]) ?? "system";
}

function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
  writeItem("localStorage", "halyard-demo-theme", theme);
}
