import type { IconName } from "../../components/icon.tsx";
import { Icon } from "../../components/icon.tsx";
import { useStore } from "./use-store.ts";
import type { Stage } from "../model/stage.ts";
import type { TroubleName } from "../model/troubles.ts";
import { TROUBLES } from "../model/troubles.ts";

const BUTTONS: Readonly<
  Record<TroubleName, { readonly icon: IconName; readonly title: string; readonly hint: string }>
> = {
  unplug: { icon: "plug", title: "Pull the plug", hint: "offline for 4 s" },
  freeze: { icon: "snowflake", title: "Freeze the line", hint: "silent, not closed" },
  double: { icon: "copy", title: "Send it twice", hint: "every message" },
  cuts: { icon: "scissors", title: "Cut it 20 times", hint: "in a row" },
  kill: { icon: "power", title: "Kill the server", hint: "kill -9, for real" },
};

/** A button for each trouble. */
export function TroubleBar({ stage }: { readonly stage: Stage }) {
  const running = useStore(stage.trouble);
  const about = useStore(stage.you.about);
  const isOver = useStore(stage.isOver);
  return (
    <TroubleButtons
      isBusy={about === undefined || isOver}
      running={running}
      canKill={about?.canKill !== false}
      onRun={(name) => void stage.run(name)}
    />
  );
}

interface TroubleButtonsProps {
  readonly isBusy: boolean;
  readonly running: TroubleName | undefined;
  /** Whether a supervisor starts the server again after a kill. */
  readonly canKill: boolean;
  readonly onRun: (name: TroubleName) => void;
}

export function TroubleButtons({ isBusy, running, canKill, onRun }: TroubleButtonsProps) {
  return (
    <div className="troubles" role="group" aria-label="Make trouble">
      {TROUBLES.map((name) => {
        const { icon, title, hint } = BUTTONS[name];
        const isPossible = name !== "kill" || canKill;
        const isDisabled = isBusy || running !== undefined || !isPossible;
        return (
          <button
            key={name}
            type="button"
            className="trouble-button"
            // Not `disabled`, so that the button keeps the focus while its trouble runs.
            aria-disabled={isDisabled}
            data-running={running === name || undefined}
            data-testid={`trouble-${name}`}
            onClick={() => {
              if (!isDisabled) onRun(name);
            }}
          >
            <Icon name={icon} />
            <span className="trouble-words">
              <strong>{title}</strong>
              <small>{isPossible ? hint : "only with pnpm demo"}</small>
            </span>
          </button>
        );
      })}
    </div>
  );
}
