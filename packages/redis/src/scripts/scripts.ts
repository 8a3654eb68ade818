// The Lua scripts, each of which Redis runs as one atomic step. The head of each .lua file has its keys, arguments and answer.
// calls.ts runs them.
import { createHash } from "node:crypto";
import admit from "./admit.lua";
import apply from "./apply.lua";
import beat from "./beat.lua";
import begin from "./begin.lua";
import client from "./client-common.lua";
import common from "./common.lua";
import drop from "./drop.lua";
import log from "./log-common.lua";
import nodes from "./nodes.lua";
import presence from "./presence-common.lua";
import probe from "./probe.lua";
import publish from "./publish.lua";
import recall from "./recall.lua";
import register from "./register.lua";
import revoke from "./revoke.lua";
import rooms from "./rooms.lua";
import roster from "./roster.lua";
import send from "./send.lua";
import setRooms from "./set-rooms.lua";
import settle from "./settle.lua";
import verify from "./verify.lua";

/** A script, and its SHA-1, by which Redis finds a script that it has loaded. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export type Scripts = ReturnType<typeof createScripts>;

/** @param prelude code between the common part and each script. @default none */
export function createScripts(prelude = "") {
  const script = (...parts: readonly string[]): Script => {
    const text = [common, prelude, ...parts].map(withoutComments).join("\n");
    return { text, sha: createHash("sha1").update(text).digest("hex") };
  };
  const ofClient = (text: string): Script => script(client, text);
  const ofPresence = (text: string): Script => script(client, presence, text);
  return {
    publish: script(log, publish),
    send: script(client, log, send),
    verify: script(verify),
    probe: script(probe),
    begin: ofClient(begin),
    recall: ofClient(recall),
    settle: ofClient(settle),
    revoke: ofClient(revoke),
    rooms: ofClient(rooms),
    setRooms: ofClient(setRooms),
    admit: ofPresence(admit),
    apply: ofPresence(apply),
    beat: ofPresence(beat),
    drop: ofPresence(drop),
    nodes: ofPresence(nodes),
    register: ofPresence(register),
    roster: ofPresence(roster),
  };
}

function withoutComments(text: string): string {
  return text.replace(/^\s*--.*\n/gm, "");
}
