"""The part of LangGraph's platform protocol that its SDKs, `useStream` and agent-chat-ui need."""
