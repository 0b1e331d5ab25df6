import type { Notifier } from "../../../core/ports.ts";

export class FakeNotifier implements Notifier {
  readonly messages: { readonly subject: string; readonly body: string }[] = [];

  notify(message: { readonly subject: string; readonly body: string }): Promise<void> {
    this.messages.push(message);
    return Promise.resolve();
  }
}
