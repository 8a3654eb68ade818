// Installs the packed packages once, before the files of the suite `packed`. They get the folder by `inject("packedDirectory")`.
import type { TestProject } from "vitest/node";
import { Project } from "./project.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly packedDirectory: string;
  }
}

export async function setup({ provide }: TestProject): Promise<() => void> {
  const project = new Project();
  await project.install();
  provide("packedDirectory", project.directory);
  return () => {
    project.remove();
  };
}
