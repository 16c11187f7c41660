// One question through the public OpenAI client for Node: node openai.mjs URL TOKEN QUESTION
import OpenAI from "openai";

const [baseURL, apiKey, question] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });

const types = {};
let final;
for await (const event of await client.responses.create({ model: "midwatch", input: question, stream: true })) {
  types[event.type] = (types[event.type] ?? 0) + 1;
  if (event.type === "response.completed") final = event.response;
}
const messages = [{ role: "user", content: question }];
const runner = client.chat.completions.stream({ model: "midwatch", messages, stream_options: { include_usage: true } });
const completion = await runner.finalChatCompletion();
const wrong = await client.models.retrieve("gpt-9").catch((error) => ({ status: error.status, code: error.code }));
console.log(
  JSON.stringify({
    types,
    output: final.output.map((item) => item.type),
    answer: final.output.at(-1).content[0].text,
    chat: completion.choices[0].message.content,
    finish: completion.choices[0].finish_reason,
    wrong,
  }),
);
