import { createContext, use } from "react";
import type { ChatSession } from "./chat-session.ts";

export const ChatContext = createContext<ChatSession | undefined>(undefined);

export function useChat(): ChatSession {
  const chat = use(ChatContext);
  if (!chat) throw new Error("useChat needs a ChatContext");
  return chat;
}
