// Questions of this node to other nodes, and of other nodes to this one, over `backplane.send`, which delivers at most once or,
// when a call is repeated, twice.
// Called by connection-requests.ts, census.ts and cluster-statistics.ts; start-backplane.ts passes on what arrives.
// Guarantees: a question is answered once, however often it arrives; an answer to an unknown question is dropped.
import type { Backplane } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { PayloadTooLargeError } from "../utils/errors.ts";
import type { NodeMessage, Question } from "./node-message.ts";

export interface NodeQuestionsParts {
  readonly backplane: Pick<Backplane, "nodeId" | "send">;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** A question of another node. */
export interface AskedQuestion {
  readonly id: string;
  readonly question: Question;
  /** @throws PayloadTooLargeError for an answer that exceeds the size of a message */
  readonly answer: (value: object) => void;
}

/** The callbacks for the answers to a question. */
export interface Answers {
  readonly onAnswer: (value: unknown) => void;
  /** The question was probably not sent. */
  readonly onError: (error: unknown) => void;
}

/** A question that was sent. */
export interface SentQuestion {
  readonly id: string;
  /** Later answers are dropped. */
  readonly end: () => void;
}

/** The longest text that {@link Backplane.send} accepts, in UTF-16 units. */
const MAX_LENGTH = 1024 * 1024;
/** How long a question is remembered, to recognize a repetition: longer than a call to a backplane may be delayed. */
const REMEMBERED_MS = 10_000;

/** Sends questions to other nodes, and receives theirs. */
export class NodeQuestions {
  /** Answers the questions of other nodes. */
  onQuestion: (asked: AskedQuestion) => void = () => {};
  readonly #parts: NodeQuestionsParts;
  readonly #open = new Map<string, (answer: unknown) => void>();
  /** The ids of received questions, in two generations: when a new generation begins, the older one is dropped. */
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  #seenSince: number;
  #count = 0;

  constructor(parts: NodeQuestionsParts) {
    this.#parts = parts;
    this.#seenSince = parts.clock.now();
  }

  /**
   * Asks a node. A node that is dead or unknown does not answer.
   *
   * @throws PayloadTooLargeError for a question that exceeds the size of a message
   */
  ask(nodeId: string, question: Question, { onAnswer, onError }: Answers): SentQuestion {
    const { backplane } = this.#parts;
    const id = `${backplane.nodeId}.${String(++this.#count)}`;
    const message = { id, from: backplane.nodeId, question } satisfies NodeMessage;
    const data = checkedJson(message, question.ask);
    this.#open.set(id, onAnswer);
    backplane.send(nodeId, data).catch(onError);
    const end = (): void => {
      this.#open.delete(id);
    };
    return { id, end };
  }

  /** The first answer of a node; undefined if none arrives in time. */
  askOnce(nodeId: string, question: Question, ms: number): Promise<unknown> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const settle = (answer: unknown): void => {
        clock.clearTimeout(timer);
        sent.end();
        resolve(answer);
      };
      const onError = (): void => {
        settle(undefined);
      };
      const timer = clock.setTimeout(onError, ms);
      const sent = this.ask(nodeId, question, { onAnswer: settle, onError });
    });
  }

  /** Receives a question or an answer of another node. */
  receive(message: Extract<NodeMessage, { readonly from: string } | { readonly to: string }>): void {
    if ("to" in message) {
      this.#open.get(message.to)?.(message.answer);
      return;
    }
    const { id, from, question } = message;
    if (this.#isRepeated(id)) return;
    const answer = (value: object): void => {
      const data = checkedJson({ to: id, answer: value } satisfies NodeMessage, "the answer");
      // When sending fails, the asking node notices that no answer arrives.
      this.#parts.backplane.send(from, data).catch(this.#parts.onError);
    };
    this.onQuestion({ id, question, answer });
  }

  #isRepeated(id: string): boolean {
    const now = this.#parts.clock.now();
    if (now - this.#seenSince > REMEMBERED_MS) {
      this.#seenBefore = this.#seen;
      this.#seen = new Set();
      this.#seenSince = now;
    }
    if (this.#seen.has(id) || this.#seenBefore.has(id)) return true;
    this.#seen.add(id);
    return false;
  }
}

function checkedJson(message: NodeMessage, what: string): string {
  const json = JSON.stringify(message);
  if (json.length > MAX_LENGTH) throw new PayloadTooLargeError(what);
  return json;
}
