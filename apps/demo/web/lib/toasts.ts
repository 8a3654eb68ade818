import { createContext, use } from "react";
import type { Store } from "./store.ts";
import { createStore } from "./store.ts";

interface Toast {
  readonly id: number;
  readonly kind: ToastKind;
  readonly text: string;
}

type ToastKind = "problem" | "done";

export interface Toasts {
  readonly list: Store<readonly Toast[]>;
  /** @param kind @default "problem" */
  show(text: string, kind?: ToastKind): void;
  dismiss(id: number): void;
}

const SHOWN_MS = { problem: 7_000, done: 4_000 } as const;
const MOST = 3;

export function createToasts(): Toasts {
  const list = createStore<readonly Toast[]>([]);
  let nextId = 1;
  const dismiss = (id: number) => list.set(list.get().filter((toast) => toast.id !== id));
  return {
    list,
    dismiss,
    show(text, kind = "problem") {
      // The same trouble twice is one toast: a user does not read a stack of them.
      if (list.get().some((toast) => toast.text === text)) return;
      const id = nextId++;
      list.set([...list.get(), { id, kind, text }].slice(-MOST));
      setTimeout(dismiss, SHOWN_MS[kind], id);
    },
  };
}

export const ToastsContext = createContext<Toasts | undefined>(undefined);

export function useToasts(): Toasts {
  const toasts = use(ToastsContext);
  if (!toasts) throw new Error("useToasts needs a ToastsContext");
  return toasts;
}
