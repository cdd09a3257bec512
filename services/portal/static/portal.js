// While something is under way: look every two seconds, for five minutes, and show the page anew when it has changed.
const polls = document.getElementById("polls");
let left = 150;
const timer = setInterval(async () => {
  if (--left < 0) return clearInterval(timer);
  try {
    const answer = await fetch(polls.dataset.url, { credentials: "same-origin", cache: "no-store" });
    if (answer.ok && (await answer.json()).state !== polls.dataset.state) location.reload();
  } catch { /* the next look may find it again */ }
}, 2000);
