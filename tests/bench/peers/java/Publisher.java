package bench;

import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;

/**
 * Sends pages' KPI records on while a commit is made. A punctuation would not do: a commit may come between a fact and the
 * next one, and after a crash then nobody would know that the page is still to be published.
 */
final class Publisher {
    private final InternalProcessorContext<String, byte[]> context;
    private final ProcessorNode<?, ?, ?, ?> node;

    /** To be made in the processor's init, while its node is the current one. */
    Publisher(InternalProcessorContext<String, byte[]> context) {
        this.context = context;
        node = context.currentNode();
    }

    void publish(String key, Page page) {
        ProcessorNode<?, ?, ?, ?> before = context.currentNode();
        context.setCurrentNode(node);
        try {
            context.forward(new Record<>(key, page.record(), context.currentSystemTimeMs()));
        } finally {
            context.setCurrentNode(before);
        }
    }
}
