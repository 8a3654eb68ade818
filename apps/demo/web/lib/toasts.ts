import { createContext, use, useSyncExternalStore } from "react";

interface Toast {
  readonly id: number;
  readonly kind: ToastKind;
  readonly text: string;
}

type ToastKind = "problem" | "done";

export interface Toasts {
  readonly get: () => readonly Toast[];
  readonly subscribe: (listener: () => void) => () => void;
  /** @param kind @default "problem" */
  readonly show: (text: string, kind?: ToastKind) => void;
  readonly dismiss: (id: number) => void;
}

const SHOWN_MS = { problem: 7_000, done: 4_000 } as const;
const MOST = 3;

export function createToasts(): Toasts {
  const listeners = new Set<() => void>();
  let toasts: readonly Toast[] = [];
  let nextId = 1;
  const set = (next: readonly Toast[]) => {
    toasts = next;
    for (const listener of listeners) listener();
  };
  const dismiss = (id: number) => set(toasts.filter((toast) => toast.id !== id));
  return {
    get: () => toasts,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dismiss,
    show(text, kind = "problem") {
      // The same text twice is one toast.
      if (toasts.some((toast) => toast.text === text)) return;
      const id = nextId++;
      set([...toasts, { id, kind, text }].slice(-MOST));
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

export function useToastList(): readonly Toast[] {
  const { subscribe, get } = useToasts();
  return useSyncExternalStore(subscribe, get, get);
}
