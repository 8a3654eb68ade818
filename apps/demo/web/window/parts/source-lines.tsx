import { useState } from "react";
import type { Excerpt, ExcerptName } from "../source/excerpts.ts";

interface SourceLinesProps {
  readonly excerpt: ExcerptName;
  /** What the lines do, for the name of the button. */
  readonly title: string;
}

/** Shows the lines of the page's source that do it. The source is loaded when the reader opens it. */
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
        {isOpen ? "Hide the source" : "The lines that do it"}
        <span className="sr-only">: {title}</span>
      </button>
      {isOpen && excerpt && (
        <figure>
          <figcaption>
            <a href={excerpt.url}>{excerpt.path}</a>
          </figcaption>
          <pre tabIndex={0} aria-label={`Source: ${title}`}>
            <code>{excerpt.text}</code>
          </pre>
        </figure>
      )}
    </div>
  );
}
