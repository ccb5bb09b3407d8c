package bench;

import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/**
 * As the documentation has it: a page per key in a cached, logged store. What changed goes on where a commit flushes the
 * cache, as behind the DSL's own aggregate; the DSL itself would write every fact to a topic again to have pages as keys.
 */
final class Idiomatic implements Processor<String, Call, String, byte[]> {
    static final String STORE = "pages";

    private KeyValueStore<String, Page> pages;

    static StoreBuilder<KeyValueStore<String, Page>> store() {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Page.serde())
            .withCachingEnabled()
            .withLoggingEnabled(Map.of());
    }

    @Override
    @SuppressWarnings("unchecked")
    public void init(ProcessorContext<String, byte[]> context) {
        pages = context.getStateStore(STORE);
        Publisher publisher = new Publisher((InternalProcessorContext<String, byte[]>) context);
        ((WrappedStateStore<?, String, Page>) pages)
            .setFlushListener(change -> publisher.publish(change.key(), change.value().newValue), false);
    }

    @Override
    public void process(Record<String, Call> record) {
        Call call = record.value();
        Page page = pages.get(call.page());
        if (page == null) {
            page = new Page();
        }
        page.accept(call.callId(), call.statement());
        // Also where nothing is new: after a crash the page may not have been published yet.
        pages.put(call.page(), page);
    }
}
