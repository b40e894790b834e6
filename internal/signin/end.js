const message = { type: "avain:done" };
for (const origin of document.getElementById("end").dataset.origins.split(" ")) {
  window.opener?.postMessage(message, origin);
}
window.close();
