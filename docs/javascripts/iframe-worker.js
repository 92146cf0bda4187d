// Search from disk: a page opened from file:// may start no worker, so the script of the search runs in a hidden frame.
// The theme asks for this file by its name; its own would be fetched from another host.
if (location.protocol === "file:") {
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inside = frame.contentWindow;
      this.inside = inside;
      inside.document.open();  // which forgets listeners
      this.started = new Promise((resolve) => { inside.addEventListener("load", resolve, { once: true }); });
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = (...urls) => urls.reduce((before, next) => before.then(() => new Promise((resolve, reject) => {
        const script = inside.document.createElement("script");
        Object.assign(script, { src: next, onload: resolve, onerror: reject });
        inside.document.body.append(script);
      })), Promise.resolve());
      const script = inside.document.createElement("script");
      script.src = url;
      inside.document.write("<!doctype html><body>" + script.outerHTML);
      inside.document.close();
    }

    postMessage(data) {
      this.started.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {}
  };
}
