package bench;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** As the documentation has it: a page per key in a cached, logged store; changed pages go on every half second. */
final class Idiomatic implements Processor<String, Call, String, byte[]> {
    static final String STORE = "pages";

    private final Set<String> changed = new LinkedHashSet<>();
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, Page> pages;

    static StoreBuilder<KeyValueStore<String, Page>> store() {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Page.serde())
            .withCachingEnabled()
            .withLoggingEnabled(Map.of());
    }

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
        this.context = context;
        pages = context.getStateStore(STORE);
        context.schedule(Duration.ofMillis(Main.EVERY_MS), PunctuationType.WALL_CLOCK_TIME, this::publish);
    }

    @Override
    public void process(Record<String, Call> record) {
        Call call = record.value();
        Page page = pages.get(call.page());
        if (page == null) {
            page = new Page();
        }
        if (page.accept(call.callId(), call.statement())) {
            pages.put(call.page(), page);
        }
        // Also where nothing is new: after a crash the record may not have been published yet.
        changed.add(call.page());
    }

    private void publish(long now) {
        for (String key : changed) {
            context.forward(new Record<>(key, pages.get(key).record(), now));
        }
        changed.clear();
    }
}
