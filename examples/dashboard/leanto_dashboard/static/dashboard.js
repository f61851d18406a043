"use strict";

const KEPT_ROWS = 500;
const calls = document.getElementById("calls");
const state = document.getElementById("state");

function show(call) {
  const row = calls.insertRow(0);
  const answer = call.error ?? call.status;
  for (const text of [call.time.slice(11, 23), call.service, call.operation, call.region, answer, call.milliseconds]) {
    row.insertCell().textContent = text;
  }
  row.classList.toggle("failed", call.status >= 400);
  if (calls.rows.length > KEPT_ROWS) calls.deleteRow(-1);
}

function connect() {
  const url = new URL("events", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.connected) state.textContent = "connected";
    else show(event);
  };
  socket.onclose = () => {
    state.textContent = "the platform does not answer; trying again …";
    setTimeout(connect, 1000);
  };
}

connect();
