import { useState } from "react";
import type { Excerpt, ExcerptName } from "../source/excerpts.ts";

interface SourceLinesProps {
  readonly excerpt: ExcerptName;
  /** The title of the lines, for the label of the button. */
  readonly title: string;
}

/** Shows the lines of an application for a feature. They are loaded when the visitor opens them. */
export function SourceLines({ excerpt: name, title }: SourceLinesProps) {
  const [excerpt, setExcerpt] = useState<Excerpt>();
  const [isOpen, setOpen] = useState(false);
  const toggle = () => {
    setOpen(!isOpen);
    if (excerpt) return;
    void import("../source/excerpts.ts").then(({ excerptOf }) => setExcerpt(excerptOf(name)));
  };
  return (
    <div className="source">
      <button type="button" className="link-button" aria-expanded={isOpen} onClick={toggle}>
        {isOpen ? "Hide the lines" : "The lines you write"}
        <span className="sr-only">: {title}</span>
      </button>
      {isOpen && excerpt && (
        <figure>
          <pre tabIndex={0} aria-label={`The lines you write: ${title}`}>
            <code>{excerpt.text}</code>
          </pre>
          <figcaption>
            The same in this page: <a href={excerpt.url}>{excerpt.path}</a>
          </figcaption>
        </figure>
      )}
    </div>
  );
}
