// One question through the public AI SDK: node aisdk.mjs URL TOKEN QUESTION
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

const [baseURL, apiKey, prompt] = process.argv.slice(2);
const midwatch = createOpenAICompatible({ name: "midwatch", baseURL, apiKey });
const result = streamText({ model: midwatch("midwatch"), prompt, maxRetries: 0 });

const parts = {};
let [text, reasoning] = ["", ""];
for await (const part of result.fullStream) {
  parts[part.type] = (parts[part.type] ?? 0) + 1;
  if (part.type === "text-delta") text += part.text;
  if (part.type === "reasoning-delta") reasoning += part.text;
}
console.log(JSON.stringify({ parts, text, reasoning, finish: await result.finishReason }));
